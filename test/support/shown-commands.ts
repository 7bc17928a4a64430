/** A command line that a page shows to be pasted, and the lines that it shows as its output. */
export interface ShownCommand {
  readonly line: string;
  readonly output: readonly string[];
}

/** Those of its blocks of code, in order: after `$ ` with what they print, or indented without. */
export function shownCommands(page: string): readonly ShownCommand[] {
  const found: { line: string; output: string[] }[] = [];
  let fenced: 'console' | 'other' | undefined;
  for (const text of page.split('\n')) {
    const fence = /^```(\w*)/.exec(text);
    if (fence !== null) {
      fenced = fenced === undefined ? (fence[1] === 'console' ? 'console' : 'other') : undefined;
      continue;
    }
    const [, line] = (fenced === undefined ? /^ {4}(npx evpipe .*)$/ : /^\$ (.*)$/).exec(text) ?? [];
    if (line !== undefined && fenced !== 'other') found.push({ line, output: [] });
    else if (fenced === 'console' && text.trim() !== '') found.at(-1)?.output.push(text);
  }
  return found;
}

/** A line of output without what differs from run to run: times, ports, positions, counts, and how it is laid out. */
export const withoutFigures = (line: string): string =>
  line
    .replace(/\b[0-9A-F]+\/[0-9A-F]+\b/g, 'LSN')
    .replace(/\d+(\.\d+)*/g, '#')
    .replace(/\s+/g, ' ')
    .trim();
