/** What makes a text no pipeline file before it is read as YAML, and where; undefined: it may be one. */
export function textFault(text: string): { readonly offset: number; readonly message: string } | undefined {
  if (/^\ufffd\ufffd[^\0]\0/.test(text) || /^\ufffd\ufffd\0[^\0]/.test(text))
    return { offset: 0, message: 'the file is UTF-16: save it as UTF-8' };
  const control = text.search(CONTROL);
  if (control >= 0) return { offset: control, message: 'the file is binary: this character stands in no text' };
  const conflict = text.search(/^(?:<{7} |={7}$|>{7} )/m);
  if (conflict >= 0) return { offset: conflict, message: 'an unresolved merge conflict: choose one of its two sides' };
  return undefined;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\0-\x08\x0e-\x1a\x1c-\x1f]/;
