import { isTooDeepJson } from '../../support/json-depth.js';
import type { Emit } from '../events.js';

/** A value of the ledger; what is neither a JSON object nor a list is not evpipe's, and is skipped with a note. `place`: `record topic-0@7`. */
export function ledgerEntry(text: string, place: string, emit: Emit): object | undefined {
  const entry = parsed(text);
  if (entry === undefined) {
    const message = `skipped the ${place}: evpipe keeps its notes there and did not write it`;
    emit({ kind: 'note', level: 'warning', message });
  }
  return entry;
}

function parsed(text: string): object | undefined {
  try {
    const json: unknown = isTooDeepJson(text) ? undefined : JSON.parse(text);
    return typeof json === 'object' && json !== null ? json : undefined;
  } catch {
    return undefined;
  }
}
