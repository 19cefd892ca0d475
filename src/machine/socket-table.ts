/** The tables of sockets that Linux shows, of TCP and UDP. */

/** A port as these tables write it: four hexadecimal digits. */
export const hexPort = (port: number): string => port.toString(16).toUpperCase().padStart(4, "0");

/**
 * Returns the path of a table. By way of the process, as a service whose `/proc` shows only processes can read it there too;
 * sockets of IPv6 have a table of their own.
 */
export const socketTable = (protocol: "tcp" | "tcp6" | "udp" | "udp6"): string =>
  `/proc/self/net/${protocol}`;
