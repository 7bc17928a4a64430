import type { Source } from './source-imports.js';

/** Import circles by value, each once, as `a.ts → b.ts → a.ts`; types alone make none. */
export function circles(sources: ReadonlyMap<string, Source>): readonly string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const path: string[] = [];

  const visit = (file: string): void => {
    const start = path.indexOf(file);
    if (start >= 0) found.push([...path.slice(start), file].join(' → '));
    if (start >= 0 || done.has(file)) return;
    path.push(file);
    for (const next of importedByValue(file, sources)) visit(next);
    path.pop();
    done.add(file);
  };
  for (const file of sources.keys()) visit(file);
  return found;
}

function importedByValue(file: string, sources: ReadonlyMap<string, Source>): readonly string[] {
  const imports = sources.get(file)?.imports ?? [];
  return imports.flatMap(({ to, relative, typeOnly }) => {
    if (!relative || typeOnly || to === undefined) return [];
    const source = [to.replace(/\.js$/, '.ts'), to.replace(/\.js$/, '.tsx')].find((name) => sources.has(name));
    return source === undefined ? [] : [source];
  });
}
