/** What only a defect says: JavaScript's own errors, and stack traces. */
const DEFECT =
  /TypeError|RangeError|ReferenceError|SyntaxError: |Cannot (read|set|mix|convert)|is not (a function|iterable|defined|a constructor)|Maximum call stack|Invalid (array|string) length|Array buffer allocation|\n\s+at .+:\d+:\d+/;

export const defectIn = (text: string): string | undefined => {
  const found = DEFECT.exec(text);
  return found === null ? undefined : text.slice(Math.max(0, found.index - 200), found.index + 400);
};
