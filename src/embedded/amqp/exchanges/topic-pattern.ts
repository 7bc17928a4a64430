/** Whether a routing key's words fit a topic pattern's: `*` is one word, `#` any number of them. */
export function matchesTopic(pattern: readonly string[], words: readonly string[]): boolean {
  // Where the last # stands and which word it was tried from: on a mismatch it takes one word more. No recursion.
  let [at, word] = [0, 0];
  let [hash, triedFrom] = [-1, 0];
  while (word < words.length) {
    const part = pattern[at];
    if (part === '#') {
      hash = at++;
      triedFrom = word;
    } else if (part !== undefined && (part === '*' || part === words[word])) {
      at++;
      word++;
    } else if (hash >= 0) {
      at = hash + 1;
      word = ++triedFrom;
    } else {
      return false;
    }
  }
  while (pattern[at] === '#') at++;
  return at === pattern.length;
}
