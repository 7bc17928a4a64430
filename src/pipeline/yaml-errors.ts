import { Lexer, type YAMLError } from 'yaml';

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
    case 'MULTIPLE_DOCS':
      return 'a second document begins here: a pipeline file is one, so put this into a file of its own, or remove the --- before it';
    case 'BAD_DQ_ESCAPE':
      return `${here.slice(0, 2)} means nothing between double quotes: write \\${here.slice(0, 2)}, or use single quotes`;
    case 'BAD_SCALAR_START':
      return `text that starts with "${here.slice(0, 1)}" needs quotes`;
    case 'TAG_RESOLVE_FAILED':
      return `the tag ${here} means nothing here; text that starts with "!" needs quotes`;
    case 'MISSING_CHAR':
      if (isOpenQuote(error)) return 'the quote that opens here is not closed';
      return notClosed(error) ?? words(error);
    default:
      return words(error);
  }
}

function notClosed({ message }: YAMLError): string | undefined {
  const [, kind, missing] = /^Flow (map|sequence) must end with a (.)$/.exec(message) ?? [];
  if (missing === undefined) return undefined;
  return `the ${kind === 'map' ? 'mapping' : 'list'} before this is not closed: ${missing} is missing`;
}

const isOpenQuote = ({ message }: YAMLError): boolean => /^Missing closing ["']quote/.test(message);

/** Of a quote that is never closed: where it opens, not where the file ends. One that has closed at another's opening goes over lines. */
export function placeOfYamlError(error: YAMLError, text: string): number {
  if (error.code !== 'MISSING_CHAR' || !isOpenQuote(error)) return error.pos[0];
  let offset = 0;
  let quote = error.pos[0];
  for (const token of new Lexer().lex(text)) {
    if (/^["']/.test(token)) quote = offset;
    if (/^["'](?:.*\n|.*[^"']$|$)/.test(token)) break;
    if (!MARKS.has(token)) offset += token.length;
  }
  return quote;
}

/** Tokens of the lexer that stand for no text: the beginning of a document, a fault, the scalar that follows. */
export const MARKS: ReadonlySet<string> = new Set(['\u0002', '\u0018', '\u001f']);

function words({ message }: YAMLError): string {
  return message
    .replace(/\s+/g, ' ')
    .replace(/flow (sequence|map)(ping)?/gi, (_, kind: string) => (kind === 'sequence' ? 'list' : 'mapping'));
}

/** Faults that don't make the parser lose its way: each of them counts. */
const LOCAL: ReadonlySet<string> = new Set(['BAD_ALIAS', 'BAD_SCALAR_START', 'BAD_DQ_ESCAPE']);

/** Without those that only follow from the first fault of the file's structure. */
export function ownFaults(errors: readonly YAMLError[]): readonly YAMLError[] {
  const first = errors.find(({ code, name }) => name !== 'YAMLWarning' && !LOCAL.has(code));
  if (first?.code === 'MISSING_CHAR' && isOpenQuote(first)) return [first]; // it has swallowed the rest of the file
  return errors.filter((error) => error === first || error.name === 'YAMLWarning' || LOCAL.has(error.code));
}
