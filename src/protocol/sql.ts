/** A name in PostgreSQL's SQL, whatever its letters. */
export const quoteIdentifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** A text in PostgreSQL's SQL, with standard_conforming_strings on as it is by default. */
export const quoteLiteral = (text: string): string => `'${text.replaceAll("'", "''")}'`;
