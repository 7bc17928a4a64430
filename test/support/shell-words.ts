/** The words of a command line as a shell has them, up to where its own signs begin. */
export function wordsOf(line: string): readonly string[] {
  const [own = ''] = line.split(/\s(?:\||&&|\d?>|<<<|<|#)(?:\s|$)/);
  return [...own.matchAll(/'([^']*)'|"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(
    ([, single, double, bare]) => single ?? double ?? bare ?? '',
  );
}
