/**
 * Names as Java's library takes them (NameValidator.UTF_VALIDATOR): letters and digits of any script, and underscores.
 * It looks at UTF-16 units, so letters outside the basic plane are not letters to it.
 */
const NAME = /^[\p{L}_][\p{L}\p{Nd}_]*$/u;
const INITIAL = /^[\p{L}_]/u;
const ASTRAL = /[\u{10000}-\u{10ffff}]/u;

/** What is wrong with a name, or with one part of a namespace; undefined for a good one. */
export function nameProblem(name: string): string | undefined {
  if (name === '') return 'Empty name';
  if (NAME.test(name) && !ASTRAL.test(name)) return undefined;
  return `Illegal ${INITIAL.test(name.charAt(0)) ? 'character in' : 'initial character'}: ${name}`;
}

/** The namespace without the dot after it; undefined where the name has none. */
export const namespaceOf = (fullName: string): string | undefined => {
  const dot = fullName.lastIndexOf('.');
  return dot <= 0 ? undefined : fullName.slice(0, dot);
};

export const shortNameOf = (fullName: string): string => fullName.slice(fullName.lastIndexOf('.') + 1);

/** A name without a dot is in the surrounding namespace. */
export const fullNameOf = (name: string, namespace: string | undefined): string =>
  name.includes('.') || namespace === undefined || namespace === '' ? name : `${namespace}.${name}`;
