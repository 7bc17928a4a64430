/** Several servers of a sort in one pipeline: `server: legacy` puts what is declared on another one than the rest. */

interface OnServer {
  readonly server?: string | undefined;
}

/** Its process and container: `postgres`, `postgres-legacy`. */
export const oneOf = (sort: string, server: string | undefined): string =>
  server === undefined ? sort : `${sort}-${server}`;

/** The servers that a file names, in order; undefined: the one that needs no name. */
export const serversOf = (declared: readonly OnServer[]): ReadonlyArray<string | undefined> => [
  ...new Set(declared.map(({ server }) => server)),
];

/** A preferred port for each, from the standard one on. */
export const portAmong = (standard: number, server: string | undefined, declared: readonly OnServer[]): number =>
  standard + Math.max(0, serversOf(declared).indexOf(server));
