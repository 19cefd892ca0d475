/** A group of the user database, as a line of /etc/group says it. */
export interface Group {
  name: string;
  id: number;
  /** Names of its users, but for those whose own group it is. */
  members: string[];
}

/** The groups in the text of /etc/group. */
export function parseGroups(text: string): Group[] {
  return text.split("\n").flatMap((line) => {
    const [name, , id, members = ""] = line.split(":");
    return id === undefined ? [] : [{ name, id: Number(id), members: members.split(",") }];
  });
}

/** The group of a number in the text of /etc/group; where that has none, the number is its name. */
export function groupById(text: string, id: number): Group {
  return parseGroups(text).find((group) => group.id === id) ?? { name: String(id), id, members: [] };
}
