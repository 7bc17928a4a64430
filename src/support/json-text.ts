/** One line of JSON for screens and scripts; bigints are text, so that no reader rounds them. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? part.toString() : part)) ?? 'null';
}
