import type { FileKind, ReferenceForm } from './kind.js';
import type { ReferenceValues } from './pipeline.js';

const REFERENCE = /\$\(([A-Za-z][A-Za-z0-9]*(?:\.[A-Za-z0-9_-]+)+)\)/g;

/** The parts of a path such as `databases.person.url`: head, name and field. Names may hold dots, and may be empty. */
export interface Reference {
  readonly head: string;
  readonly name: string;
  readonly field: string;
}

export function parseReference(path: string): Reference {
  const [head = '', ...rest] = path.split('.');
  return { head, name: rest.slice(0, -1).join('.'), field: rest.at(-1) ?? '' };
}

/** The form that a reference has; undefined where no kind offers it. */
export function referenceForm(reference: Reference, kinds: readonly FileKind[]): ReferenceForm | undefined {
  return kinds
    .flatMap((kind) => kind.references ?? [])
    .find(({ head, name, named, fields }) => {
      if (head !== reference.head) return false;
      if (fields === undefined) return true;
      if (!fields.includes(reference.field)) return false;
      return name === undefined ? (named === undefined) === (reference.name === '') : name === reference.name;
    });
}

/** Every path in `$(…)` of a text, in order, whether it is on the list or not. */
export function referencesIn(text: string): readonly string[] {
  return [...text.matchAll(REFERENCE)].map((match) => match[1] ?? '');
}

/** `$(databases.person.url` with no `)` after it; a shell's `$(cat file)` is none. */
const UNCLOSED = /\$\(([A-Za-z][A-Za-z0-9]*)((?:\.[A-Za-z0-9_-]+)+)[^)]*$/;

/** The path of a reference that is opened and not closed, where its head is one of a reference. */
export function unclosedReference(text: string, kinds: readonly FileKind[]): string | undefined {
  const [, head, rest] = UNCLOSED.exec(text) ?? [];
  const isKnown = kinds.some(({ references = [] }) => references.some((one) => one.head === head));
  return isKnown ? `${head}${rest}` : undefined;
}

/** Replaces what `values` knows and leaves the rest as it stands: `$(date)` of a shell command is not ours. */
export function resolveReferences(text: string, values: ReferenceValues): string {
  return text.replace(REFERENCE, (whole, path: string) => values.get(path) ?? whole);
}

/** The same for every value of some settings. */
export function resolveAll(
  settings: Readonly<Record<string, string>>,
  values: ReferenceValues,
): Record<string, string> {
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, resolveReferences(value, values)]));
}
