import { Parser } from 'htmlparser2';

/** One control of a form, as far as it is sent. */
export interface FormControl {
  readonly name: string;
  readonly kind: 'field' | 'checkbox' | 'button';
  /** What a browser sends for it untouched; undefined: nothing, as for a box that is not ticked. */
  readonly value: string | undefined;
  /** Of a checkbox: what is sent once it is ticked. */
  readonly ticked?: string;
}

export interface Form {
  /** Its id, or else its name. */
  readonly id: string | undefined;
  /** As the page has it; undefined: the page's own address. */
  readonly action: string | undefined;
  readonly method: string;
  readonly controls: readonly FormControl[];
}

export interface Page {
  readonly forms: readonly Form[];
  /** What the page says in elements whose class speaks of errors. */
  readonly errors: string;
}

/** Never sent by the Enter key. */
const NOT_SENT: ReadonlySet<string> = new Set(['button', 'reset', 'image', 'file']);
/** As Django, Rails and Bootstrap call what says why a field is refused. */
const ERROR_CLASS = /^(error(list|note|-.*)?|.*[-_]error|invalid-feedback|alert-danger)$/i;
const VOID: ReadonlySet<string> = new Set(['input', 'br', 'hr', 'img', 'meta', 'link']);

/** The forms of a page with what a browser would send of them, as https://html.spec.whatwg.org/multipage/form-control-infrastructure.html has it. */
export function readPage(html: string): Page {
  const reader = new PageReader();
  const parser = new Parser({
    onopentag: (name, attributes) => reader.opened(name, attributes),
    ontext: (text) => reader.said(text),
    onclosetag: (name) => reader.closed(name),
  });
  parser.end(html);
  return { forms: reader.forms, errors: reader.errors.join(' ').replace(/\s+/g, ' ').trim() };
}

type Attributes = Readonly<Record<string, string>>;

class PageReader {
  readonly forms: { id: string | undefined; action: string | undefined; method: string; controls: FormControl[] }[] =
    [];
  readonly errors: string[] = [];
  private form: { controls: FormControl[] } | undefined;
  /** A select, or a textarea as one with a single option. */
  private choice: { readonly name: string; chosen: string | undefined; first: string | undefined } | undefined;
  /** Of a textarea or an option, whose value is its text. */
  private text: { value: string | undefined; read: string; readonly isChosen: boolean } | undefined;
  private depth = 0;
  private errorDepth: number | undefined;

  opened(name: string, attributes: Attributes): void {
    if (!VOID.has(name)) this.depth += 1;
    if (
      this.errorDepth === undefined &&
      !VOID.has(name) &&
      (attributes.class ?? '').split(/\s+/).some((word) => ERROR_CLASS.test(word))
    )
      this.errorDepth = this.depth;
    if (name === 'form') {
      const { id, name: called, action, method = 'get' } = attributes;
      const form = { id: id ?? called, action, method: method.toLowerCase(), controls: [] };
      this.forms.push(form);
      this.form = form;
    }
    if (name === 'option')
      this.text = { value: attributes.value, read: '', isChosen: attributes.selected !== undefined };
    if (attributes.name === undefined || attributes.name === '' || attributes.disabled !== undefined) return;
    if (name === 'input' || name === 'button')
      this.form?.controls.push(...controlOf(name, attributes.name, attributes));
    if (name === 'select' || name === 'textarea')
      this.choice = { name: attributes.name, chosen: undefined, first: undefined };
    if (name === 'textarea') this.text = { value: undefined, read: '', isChosen: false };
  }

  said(text: string): void {
    if (this.text !== undefined) this.text.read += text;
    if (this.errorDepth !== undefined) this.errors.push(text);
  }

  closed(name: string): void {
    if ((name === 'option' || name === 'textarea') && this.text !== undefined && this.choice !== undefined) {
      const value = this.text.value ?? (name === 'option' ? this.text.read.trim() : this.text.read);
      this.choice.first ??= value;
      if (this.text.isChosen) this.choice.chosen ??= value;
    }
    if (name === 'option' || name === 'textarea') this.text = undefined;
    if ((name === 'select' || name === 'textarea') && this.choice !== undefined) {
      const { chosen, first } = this.choice;
      this.form?.controls.push({ name: this.choice.name, kind: 'field', value: chosen ?? first });
      this.choice = undefined;
    }
    if (name === 'form') this.form = undefined;
    if (VOID.has(name)) return;
    if (this.errorDepth === this.depth) this.errorDepth = undefined;
    this.depth -= 1;
  }
}

function controlOf(tag: string, name: string, attributes: Attributes): readonly FormControl[] {
  const type = (attributes.type ?? (tag === 'button' ? 'submit' : 'text')).toLowerCase();
  if (NOT_SENT.has(type)) return [];
  const value = attributes.value ?? '';
  if (type === 'submit') return [{ name, kind: 'button', value }];
  const ticked = attributes.value ?? 'on';
  const isTicked = attributes.checked !== undefined;
  if (type === 'radio') return [{ name, kind: 'field', value: isTicked ? ticked : undefined }];
  if (type === 'checkbox') return [{ name, kind: 'checkbox', value: isTicked ? ticked : undefined, ticked }];
  return [{ name, kind: 'field', value }];
}

/** The forms that may be meant: by their id, name or action where `which` says one, else all that have these fields. */
export const formsMeant = (
  { forms }: Page,
  { names, which }: { readonly names: readonly string[]; readonly which: string | undefined },
): readonly Form[] =>
  forms.filter(
    (one) =>
      one.method === 'post' &&
      hasFields(one, names) &&
      (which === undefined || [one.id, `#${one.id}`, one.action].includes(which)),
  );

/** Does it have a control for each of these? */
export const hasFields = ({ controls }: Form, names: readonly string[]): boolean =>
  names.every((name) => controls.some((one) => one.name === name && one.kind !== 'button'));

/**
 * What is sent once `fields` are filled in: all other controls as the page has them, hidden ones with their tokens, and the first
 * button, as when Enter is pressed. `true` and `false` tick a checkbox or not.
 */
export function filledIn(
  { controls }: Form,
  fields: Readonly<Record<string, string>>,
): readonly (readonly [string, string])[] {
  const sent: (readonly [string, string])[] = [];
  const done = new Set<string>();
  let pressed = false;
  for (const { name, kind, value, ticked } of controls) {
    const given = fields[name];
    if (kind === 'button') {
      if (!pressed) sent.push([name, value ?? '']);
      pressed = true;
    } else if (given === undefined) {
      if (value !== undefined) sent.push([name, value]);
    } else if (!done.has(name)) {
      done.add(name);
      const isBox = kind === 'checkbox' && ticked !== undefined && (given === 'true' || given === 'false');
      if (!isBox) sent.push([name, given]);
      else if (given === 'true') sent.push([name, ticked]);
    }
  }
  return sent;
}
