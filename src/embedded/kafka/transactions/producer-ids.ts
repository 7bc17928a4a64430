import { readJson, writeJson } from '../../../support/json-file.js';

/** Ids are taken from the file in blocks: a crash skips the rest of one, and no id is ever given twice. */
const BLOCK = 1000;

interface ProducerIdFile {
  readonly version: 1;
  readonly next: number;
}

export class ProducerIds {
  private next: number;
  private end: number;

  constructor(private readonly file: string) {
    this.next = readJson<ProducerIdFile>(file, 1)?.next ?? 0;
    this.end = this.next;
  }

  take(): number {
    if (this.next === this.end) {
      const end = this.end + BLOCK;
      writeJson(this.file, { version: 1, next: end } satisfies ProducerIdFile);
      this.end = end;
    }
    return this.next++;
  }
}
