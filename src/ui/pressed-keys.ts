import type { Key as InkKey } from 'ink';

export type PressedKey =
  | { readonly kind: 'up' | 'down' | 'page-up' | 'page-down' | 'home' | 'end' }
  | { readonly kind: 'enter' | 'escape' | 'backspace' | 'interrupt' }
  | { readonly kind: 'text'; readonly text: string };

/** What was pressed; text that was pasted or typed fast comes in one piece and counts key by key. */
export function pressedKeys(input: string, key: InkKey): PressedKey[] {
  if (key.ctrl) return input === 'c' ? [{ kind: 'interrupt' }] : [];
  if (key.upArrow) return [{ kind: 'up' }];
  if (key.downArrow) return [{ kind: 'down' }];
  if (key.pageUp) return [{ kind: 'page-up' }];
  if (key.pageDown) return [{ kind: 'page-down' }];
  if (key.home) return [{ kind: 'home' }];
  if (key.end) return [{ kind: 'end' }];
  if (key.return) return [{ kind: 'enter' }];
  if (key.escape) return [{ kind: 'escape' }];
  if (key.backspace || key.delete) return [{ kind: 'backspace' }];
  return [...input].map((text): PressedKey => (text === '\r' ? { kind: 'enter' } : { kind: 'text', text }));
}
