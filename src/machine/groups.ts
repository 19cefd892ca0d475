/** A group of users: a line of /etc/group. */
export interface Group {
  name: string;
  id: number;
  /** Names of its members, without users whose primary group it is. */
  members: string[];
}

/** Parses the text of /etc/group. */
export function parseGroups(text: string): Group[] {
  return text.split("\n").flatMap((line) => {
    const [name, , id, members = ""] = line.split(":");
    return id === undefined ? [] : [{ name, id: Number(id), members: members.split(",") }];
  });
}

/** Finds a group by its id in the text of /etc/group; an unknown group has its id as its name. */
export function groupById(text: string, id: number): Group {
  return parseGroups(text).find((group) => group.id === id) ?? { name: String(id), id, members: [] };
}
