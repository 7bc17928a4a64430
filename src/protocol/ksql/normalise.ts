/** A statement's text for comparing: blanks and line breaks folded, without its semicolon. */
export function normaliseStatement(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/;\s*$/, '').trim();
}
