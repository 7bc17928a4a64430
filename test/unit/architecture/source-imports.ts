import { type CallExpression, type Expression, parseSync, Visitor } from 'oxc-parser';

export interface Import {
  /** The importing file, relative to src/, with forward slashes. */
  readonly from: string;
  /** A package with its path, or the imported file relative to src/ (with .js as written); undefined where it is computed. */
  readonly to: string | undefined;
  readonly relative: boolean;
  /** Nothing of it is left in the compiled code. */
  readonly typeOnly: boolean;
}

export interface Source {
  readonly imports: readonly Import[];
  /** Uses of `process.exit` and `console`, as written. */
  readonly globals: readonly string[];
}

interface Kinded {
  readonly type?: string;
  readonly importKind?: 'type' | 'value' | undefined;
  readonly exportKind?: 'type' | 'value' | undefined;
}

/** Reads one source file: static and dynamic imports, re-exports, import types and `createRequire`, however they are written. */
export function readSource(from: string, text: string): Source {
  const { program, errors } = parseSync(from, text);
  if (errors.length > 0) throw new Error(`${from}: ${errors[0]?.message}`);
  const imports: Import[] = [];
  const globals: string[] = [];
  const requires = new Set<string>();

  const add = (specifier: string | undefined, typeOnly: boolean): void => {
    const relative = specifier?.startsWith('.') ?? false;
    const to = relative ? new URL(specifier ?? '', `file:///${from}`).pathname.slice(1) : specifier;
    imports.push({ from, to, relative, typeOnly });
  };
  const call = (node: CallExpression): void => {
    const { callee } = node;
    if (callee.type === 'Identifier' && callee.name === 'require') add(literal(node.arguments[0]), false);
    if (callee.type === 'Identifier' && requires.has(callee.name)) add(literal(node.arguments[0]), false);
    // createRequire(…)('package') at once
    if (callee.type === 'CallExpression' && isCreateRequire(callee)) add(literal(node.arguments[0]), false);
  };

  new Visitor({
    ImportDeclaration: (node) => add(node.source.value, typesOnly(node, node.specifiers)),
    ExportNamedDeclaration: (node) => {
      if (node.source !== null) add(node.source.value, typesOnly(node, node.specifiers));
    },
    ExportAllDeclaration: (node) => add(node.source.value, node.exportKind === 'type'),
    ImportExpression: (node) => add(literal(node.source), false),
    TSImportType: (node) => add(literal(node.source), true),
    VariableDeclarator: (node) => {
      if (node.id.type === 'Identifier' && node.init?.type === 'CallExpression' && isCreateRequire(node.init)) {
        requires.add(node.id.name);
      }
    },
    CallExpression: call,
    MemberExpression: (node) => {
      if (node.object.type !== 'Identifier') return;
      const property = node.property.type === 'Identifier' ? node.property.name : literal(node.property);
      if (node.object.name === 'console') globals.push(`console.${property}`);
      if (node.object.name === 'process' && property === 'exit') globals.push('process.exit');
    },
  }).visit(program);
  return { imports, globals };
}

function isCreateRequire({ callee }: CallExpression): boolean {
  return callee.type === 'Identifier' && callee.name === 'createRequire';
}

/** `import type …`, or every name in the braces marked `type`; `import './x.js'` alone is for its effect. */
function typesOnly(node: Kinded, specifiers: readonly Kinded[]): boolean {
  if ((node.importKind ?? node.exportKind) === 'type') return true;
  return specifiers.length > 0 && specifiers.every((one) => (one.importKind ?? one.exportKind) === 'type');
}

function literal(node: Expression | { readonly type: string } | undefined): string | undefined {
  if (node === undefined) return undefined;
  if (node.type === 'Literal' && 'value' in node && typeof node.value === 'string') return node.value;
  if (node.type === 'TemplateLiteral' && 'quasis' in node && node.quasis.length === 1) {
    return node.quasis[0]?.value.cooked ?? undefined;
  }
  return undefined;
}
