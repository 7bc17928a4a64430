import { readFileSync } from 'node:fs';
import type { SourceLocation } from '../../support/errors.js';
import { displayPath } from '../build.js';
import { didYouMean } from '../did-you-mean.js';
import { nodeAt, textsOf } from '../document.js';
import type { LintContext, Use } from '../kind.js';
import { type Problem, problem } from '../problem.js';
import { parseReference, referenceForm, referencesIn, unclosedReference } from '../references.js';

/** `$(…)` in the file, and in SQL and ksql files: on the list of references, and about something that is declared. */
export function checkReferences(context: LintContext): readonly Problem[] {
  const texts = resolvedTexts(context);
  return [...inFile(texts, context), ...unclosedInFile(texts, context), ...inSqlFiles(context)];
}

/** The names that `$(…)` in the file refers to. */
export function usedByReference(context: LintContext): readonly Use[] {
  return pathsIn(resolvedTexts(context)).flatMap(({ path, at }) => {
    const reference = parseReference(path);
    const what = referenceForm(reference, context.kinds)?.named;
    return what === undefined ? [] : [{ what, name: reference.name, at }];
  });
}

type ResolvedTexts = ReturnType<typeof resolvedTexts>;

function pathsIn(texts: ResolvedTexts) {
  return texts.flatMap(({ text, section, path: at, location }) =>
    referencesIn(text).map((path) => ({ path, section, at, location })),
  );
}

/** The texts of all sections in which `$(…)` means something. */
function resolvedTexts({ kinds, tree }: LintContext) {
  const sections = kinds.flatMap((kind) => kind.sections).filter(({ resolves }) => resolves !== false);
  return sections.flatMap(({ key: section }) => {
    const node = nodeAt(tree, [section]);
    return node === undefined ? [] : [...textsOf(node, [section])].map((one) => ({ ...one, section }));
  });
}

function unclosedInFile(texts: ResolvedTexts, context: LintContext): readonly Problem[] {
  return texts.flatMap(({ text, location }) => {
    const path = unclosedReference(text, context.kinds);
    return path === undefined ? [] : [problem('unknown-reference', location, `$(${path} has no ) at its end`)];
  });
}

function inFile(texts: ResolvedTexts, context: LintContext): readonly Problem[] {
  return pathsIn(texts).flatMap(({ path, section, location }) => problemOf(path, location, section, context));
}

function inSqlFiles(context: LintContext): readonly Problem[] {
  const { kinds, pipeline, cwd } = context;
  const files = kinds.flatMap((kind) => kind.sqlFiles?.(pipeline) ?? []);
  return files.flatMap((file) => {
    const text = textOf(file);
    if (!text.includes('$(')) return [];
    return text.split('\n').flatMap((line, index) =>
      referencesIn(line).flatMap((path) => {
        const column = line.indexOf(`$(${path})`) + 1;
        return problemOf(path, { file: displayPath(file, cwd), line: index + 1, column }, undefined, context);
      }),
    );
  });
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // another rule says that it can't be read
  }
}

/** The list as a user would type it, with the names of this file. */
function listed({ kinds, known }: LintContext): readonly string[] {
  return kinds
    .flatMap((kind) => kind.references ?? [])
    .flatMap(({ head, name, named, fields = [] }) =>
      fields.flatMap((field) =>
        named === undefined
          ? [[head, name, field].filter((word) => word !== undefined).join('.')]
          : known(named).map((name) => `${head}.${name}.${field}`),
      ),
    );
}

const onlyNames = (section: string | undefined, { kinds }: LintContext): boolean =>
  kinds.some(({ sections }) => sections.some(({ key, resolves }) => key === section && resolves === 'names'));

function problemOf(
  path: string,
  location: SourceLocation,
  section: string | undefined,
  context: LintContext,
): readonly Problem[] {
  const reference = parseReference(path);
  const form = referenceForm(reference, context.kinds);
  if (form === undefined)
    return [problem('unknown-reference', location, `$(${path}) refers to nothing${didYouMean(path, listed(context))}`)];
  const { named, declared, only } = form;
  if (only !== undefined && only.section !== section) {
    const message = `$(${path}) only works in ${only.section}: it means ${only.meaning}`;
    return [problem('unknown-reference', location, message)];
  }
  if (form.shared === undefined && onlyNames(section, context)) {
    const message = `$(${path}) does not work in ${section}: only names on servers do, such as $(topics.X.name)`;
    return [problem('unknown-reference', location, message)];
  }
  if (declared?.(context.pipeline) === false)
    return [problem('dangling-reference', location, `$(${path}): there is no ${reference.head}`)];
  if (named === undefined || context.known(named).includes(reference.name) || context.isOpen(named)) return [];
  const hint = didYouMean(reference.name, context.known(named));
  return [problem('dangling-reference', location, `$(${path}): there is no ${named} ${reference.name}${hint}`)];
}
