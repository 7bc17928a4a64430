import { distance } from 'fastest-levenshtein';

/** More words than this are no help in a message. */
const LISTED_MAX = 12;

/** `, did you mean X?` where a known word is near, else what there is to choose from. */
export function didYouMean(word: string, known: readonly string[]): string {
  const near = known
    .map((candidate) => ({ candidate, away: typos(word.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.away - b.away)[0];
  if (near !== undefined && near.away <= Math.max(1, Math.floor(word.length / 3)))
    return `, did you mean ${near.candidate}?`;
  return known.length > 0 && known.length <= LISTED_MAX ? ` (known: ${known.join(', ')})` : '';
}

/** Letters that differ; two neighbours that changed places count once. */
function typos(word: string, candidate: string): number {
  if (word.length === candidate.length && word !== candidate) {
    const at = [...word].findIndex((letter, index) => letter !== candidate[index]);
    const swapped = word.slice(0, at) + (word[at + 1] ?? '') + (word[at] ?? '') + word.slice(at + 2);
    if (swapped === candidate) return 1;
  }
  return distance(word, candidate);
}
