import type { YAMLError } from 'yaml';

/** What is wrong with the YAML itself, in the words of its author. */
export function describeYamlError(error: YAMLError, text: string): string {
  const here = /^[^\s]+/.exec(text.slice(error.pos[0], error.pos[0] + 30))?.[0] ?? '';
  switch (error.code) {
    case 'TAB_AS_INDENT':
      return 'YAML does not allow tabs for indentation: use spaces';
    case 'BAD_INDENT':
      return 'is indented differently from its siblings, or a bracket before it was not closed';
    case 'BLOCK_AS_IMPLICIT_KEY':
    case 'MULTILINE_IMPLICIT_KEY':
      return 'a key cannot stand here: is it indented too far, is a ":" missing, or does text with ": " in it need quotes?';
    case 'BAD_ALIAS':
      return `there is no anchor ${here}; text that starts with "*" needs quotes`;
    case 'UNEXPECTED_TOKEN':
      if (text[error.pos[0] - 1] === '$')
        return `$${here.replace(/[\s,]+$/, '')} needs quotes where it stands between brackets`;
      return `${here === '' ? 'this' : here} cannot stand here: is a key, a ":" or an opening bracket missing before it?`;
    default:
      return error.message
        .replace(/\s+/g, ' ')
        .replace(/flow (sequence|map)(ping)?/gi, (_, kind: string) => (kind === 'sequence' ? 'list' : 'mapping'));
  }
}

/** Faults that don't make the parser lose its way: each of them counts. */
const LOCAL: ReadonlySet<string> = new Set(['BAD_ALIAS', 'BAD_SCALAR_START', 'BAD_DQ_ESCAPE']);

/** Without those that only follow from the first fault of the file's structure. */
export function ownFaults(errors: readonly YAMLError[]): readonly YAMLError[] {
  const first = errors.find(({ code, name }) => name !== 'YAMLWarning' && !LOCAL.has(code));
  return errors.filter((error) => error === first || error.name === 'YAMLWarning' || LOCAL.has(error.code));
}
