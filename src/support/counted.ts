/** `1 message`, `3 messages`; `plural` where it is not the noun with an s. */
export function counted(count: number | bigint, noun: string, plural = `${noun}s`): string {
  return `${count} ${Number(count) === 1 ? noun : plural}`;
}
