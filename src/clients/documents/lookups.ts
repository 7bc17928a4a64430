import type { DocumentQuery, FoundDocument, Lookup } from './contract.js';
import { textOf } from './field-value.js';
import { decimalText } from './json-text.js';

/** Whether a document that was read is one that all lookups are about, as far as letter case and zeros don't matter. */
export function holdsAll({ paths }: DocumentQuery, lookups: readonly Lookup[]): (document: FoundDocument) => boolean {
  const wanted = lookups.map(({ path, texts, kind }) => {
    const comparable = (text: string): string => (kind === 'number' ? decimalText(text) : text.toLowerCase());
    return { index: paths.indexOf(path), comparable, texts: new Set(texts.map(comparable)), kind };
  });
  return ({ values }) =>
    wanted.every(({ index, comparable, texts, kind }) => {
      const value = values[index];
      // Whatever is written for true and false has to be read by its column.
      if (value?.kind === 'untyped' && kind === 'boolean') return true;
      return texts.has(comparable(textOf(value)));
    });
}
