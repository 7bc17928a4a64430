import { existsSync, readFileSync } from 'node:fs';
import type { Pipeline } from '../../pipeline/pipeline.js';

const CREATES_CONNECTOR = /^\s*CREATE\s+(SOURCE|SINK)\s+CONNECTOR\b/im;

/** Read without a parser, since every command asks: a statement in a block comment counts too, and costs a server at most. */
export function migrationsCreateConnectors({ ksqldb }: Pick<Pipeline, 'ksqldb'>): boolean {
  return (ksqldb?.migrations ?? []).some(
    (file) => existsSync(file) && CREATES_CONNECTOR.test(readFileSync(file, 'utf8')),
  );
}
