/** What a test wanted beside what it found, line by line; equal lines are aligned. */
export interface DiffLine {
  readonly kind: 'same' | 'missing' | 'unexpected';
  readonly text: string;
}

/** Lines are at most as many as a test's records: comparing each with each is affordable. */
export function diffLines(wanted: readonly string[], found: readonly string[]): DiffLine[] {
  // Longest common subsequence from the back: lengths[i][j] is that of wanted from i on and found from j on.
  const lengths = Array.from({ length: wanted.length + 1 }, () => new Array<number>(found.length + 1).fill(0));
  const at = (i: number, j: number): number => lengths[i]?.[j] ?? 0;
  for (let i = wanted.length - 1; i >= 0; i -= 1) {
    const row = lengths[i] ?? [];
    for (let j = found.length - 1; j >= 0; j -= 1) {
      row[j] = wanted[i] === found[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < wanted.length || j < found.length) {
    const [want, have] = [wanted[i], found[j]];
    if (want !== undefined && want === have) {
      lines.push({ kind: 'same', text: want });
      i += 1;
      j += 1;
    } else if (want !== undefined && (have === undefined || at(i + 1, j) >= at(i, j + 1))) {
      lines.push({ kind: 'missing', text: want });
      i += 1;
    } else if (have !== undefined) {
      lines.push({ kind: 'unexpected', text: have });
      j += 1;
    }
  }
  return lines;
}

const MARKS = { same: ' ', missing: '-', unexpected: '+' } as const;

export const diffText = (lines: readonly DiffLine[]): string =>
  lines.map(({ kind, text }) => `${MARKS[kind]} ${text}`).join('\n');
