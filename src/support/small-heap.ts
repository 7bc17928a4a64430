import { setFlagsFromString } from 'node:v8';

/**
 * V8 lets garbage grow to several times what is in use, and its space for what is new to 48 MB. Costs some CPU where a lot of garbage is
 * made that outlives a collection or two: rows that are compared, records that are shown for a moment.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--heap-growing-percent=25');
  setFlagsFromString('--semi-space-growth-factor=1');
  process.prependOnceListener('exit', restoreDefaults);
}

/** Code that is compiled under other flags is of no use to the next process: bin/kept-script.js keeps it at the end. */
function restoreDefaults(): void {
  setFlagsFromString('--heap-growing-percent=0');
  setFlagsFromString('--semi-space-growth-factor=2');
}
