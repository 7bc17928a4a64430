import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The options of each class in the jars of Kafka Connect and Debezium; test/real/connect/options.test.ts keeps it true. */
export const REAL_OPTIONS_FILE = fileURLToPath(new URL('./real-options.json', import.meta.url));

export const realOptions = (): Readonly<Record<string, readonly string[]>> =>
  JSON.parse(readFileSync(REAL_OPTIONS_FILE, 'utf8'));
