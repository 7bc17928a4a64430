import { javaRegex } from '../../../protocol/connect/option.js';

/** A comma-separated list of regular expressions, each for the whole name, without case; `\,` is a comma of its own. */
export function nameMatcher(list: string): (name: string) => boolean {
  const patterns = patternsOf(list);
  return (name) => patterns.some((pattern) => pattern.test(name));
}

/** The place of the first pattern of a list that matches; what none matches comes last. */
export function nameRank(list: string): (name: string) => number {
  const patterns = patternsOf(list);
  return (name) => {
    const rank = patterns.findIndex((pattern) => pattern.test(name));
    return rank === -1 ? patterns.length : rank;
  };
}

const patternsOf = (list: string): RegExp[] =>
  list
    .split(/(?<!\\),/)
    .map((item) => item.trim().replaceAll('\\,', ','))
    .filter((item) => item !== '')
    .map((item) => javaRegex(`^(?:${item})$`, 'i'));

/** Include and exclude lists of one kind of name: an empty include list includes all. */
export function nameFilter(include: string, exclude: string): (name: string) => boolean {
  const included = include.trim() === '' ? () => true : nameMatcher(include);
  const excluded = exclude.trim() === '' ? () => false : nameMatcher(exclude);
  return (name) => included(name) && !excluded(name);
}
