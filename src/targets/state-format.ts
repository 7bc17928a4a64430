import { join } from 'node:path';
import { EvpipeError } from '../support/errors.js';
import { readAnyJson, writeJson } from '../support/json-file.js';

/** Of the state folder as a whole: raised when an evpipe of before could not work with what this one leaves there. */
const FORMAT = 1;

interface FormatFile {
  readonly version: number;
}

const formatFile = (stateFolder: string): string => join(stateFolder, 'format.json');

/** Throws EVPIPE_STATE_FORMAT where a newer evpipe has written the state folder. One without a format is of the first. */
export function checkStateFormat(stateFolder: string): void {
  const { version } = readAnyJson<FormatFile>(formatFile(stateFolder)) ?? { version: FORMAT };
  if (version <= FORMAT) return;
  throw new EvpipeError(
    'EVPIPE_STATE_FORMAT',
    `${stateFolder} was written by a newer evpipe (format ${version}; this one knows formats up to ${FORMAT})`,
    { todo: 'Use that evpipe, or remove the data with it (evpipe down --volumes) and start over with this one.' },
  );
}

/** Before anything is written to the state folder, which has to exist. */
export function noteStateFormat(stateFolder: string): void {
  const file = formatFile(stateFolder);
  if (readAnyJson<FormatFile>(file)?.version !== FORMAT) writeJson(file, { version: FORMAT } satisfies FormatFile);
}
