/**
 * Thrown by what applies a message, before its first write, when something has to happen first: the message is kept at the head
 * of its partition and tried again soon. The text completes the sentence "waits for …".
 */
export class NotYet extends Error {
  constructor(readonly waitsFor: string) {
    super(`waits for ${waitsFor}`);
    this.name = 'NotYet';
  }
}
