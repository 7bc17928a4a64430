import type * as z from 'zod';
import type { SourceLocation } from '../support/errors.js';
import type { Tree } from './document.js';
import type { Located, Pipeline, TargetSection } from './pipeline.js';
import type { Problem } from './problem.js';

/**
 * A kind of thing that a pipeline declares, as far as its file is concerned: the sections it is written in, what they
 * add to the model, its lint rules, and the names and references that it offers and takes. src/kinds lists the kinds;
 * this layer gets the list handed in and knows none of them by name.
 */
export interface FileKind {
  /** Singular, as messages say it: `topic`. */
  readonly kind: string;
  readonly sections: readonly Section[];
  /** Its keys in an entry of `targets:`, which say where its components run. */
  readonly placements?: Readonly<Record<string, z.ZodType>>;
  readonly rules?: readonly Rule[];
  /** Rules about the data flow as a whole. They run only where no other rule has found a fault in it. */
  readonly flowRules?: readonly Rule[];
  /** What takes more than reading the file to find out. Only `validate` asks: `up` hears it from the servers. */
  examine?(context: LintContext): Promise<readonly Problem[]>;
  /** Codes of problems that leave parts of the data flow unknown. */
  readonly flowFaults?: readonly string[];
  /** What other sections may name, by what messages call it: `queue`, `exchange`. */
  readonly names?: Readonly<Record<string, (context: LintContext) => readonly string[]>>;
  /** What its sections name of others. */
  uses?(context: LintContext): readonly Use[];
  readonly references?: readonly ReferenceForm[];
  readonly writtenAddresses?: readonly WrittenAddress[];
  /** Absolute paths of its SQL files, in which references are replaced. */
  sqlFiles?(pipeline: Pipeline): readonly string[];
}

/** What the rules look at. */
export interface LintInput {
  readonly pipeline: Pipeline;
  /** The merged file, wrong parts included. */
  readonly tree: Tree;
  /** False where parts of the file were wrong and are missing from the pipeline. */
  readonly complete: boolean;
  readonly cwd: string;
}

export interface LintContext extends LintInput {
  readonly kinds: readonly FileKind[];
  /** What the file declares in a section, wrong entries included. */
  names(...section: string[]): readonly string[];
  /** What something may be called that the file names as a `what`: a database, a queue. */
  known(what: string): readonly string[];
  /** None is known, and a part of the file that may declare them is wrong: a use of one says nothing. */
  isOpen(what: string): boolean;
  /** Everything that the sections name of each other. */
  uses(): readonly Use[];
  /** What `$(…)` in the file refers to. */
  references(): readonly Use[];
}

/** One group of rules: looks at the whole pipeline, answers with what is wrong. */
export type Rule = (context: LintContext) => readonly Problem[];

/** A name in the file that something else has to declare. */
export interface Use {
  /** A key of `names` of some kind. */
  readonly what: string;
  readonly name: string;
  /** Where the name is written. */
  readonly at: readonly string[];
  /** It only says where the thing runs: that alone does not make it useful. */
  readonly idle?: boolean;
}

/** A group of `$(…)` references: `databases.NAME.url`, `kafka.bootstrapServers`. */
export interface ReferenceForm {
  /** The first word: `databases`. */
  readonly head: string;
  /** What the second word names (a key of `names`); absent: there is no second word. */
  readonly named?: string;
  /** The only second word, where it names nothing that is declared. */
  readonly name?: string;
  /** The last word; absent: any path. */
  readonly fields?: readonly string[];
  /** The kind of component whose endpoint it tells, and where a field has another name there. */
  readonly component?: string;
  readonly renamed?: Readonly<Record<string, string>>;
  /** Names that mean an empty text where the component is not there. */
  readonly optional?: (pipeline: Pipeline) => readonly string[];
  /** The nodes of `up` that have to be done before something that refers to it starts. */
  readonly needs?: (pipeline: Pipeline, name: string) => readonly string[];
  /** It means what the named thing, or a part of it, is called on its servers: known before anything runs. */
  readonly shared?: (of: SharedName) => string;
  /** The thing itself has to be declared, though it has no name. */
  readonly declared?: (pipeline: Pipeline) => boolean;
  /** The only section where it means something, and what it means there. */
  readonly only?: { readonly section: string; readonly meaning: string };
}

/** A server as applications that were made for containers write its address, instead of referring to it. */
export interface WrittenAddress {
  readonly hosts: readonly string[];
  /** On localhost these mean it. */
  readonly ports: readonly number[];
  /** What stands for it in the file: `kafka.bootstrapServers`; undefined where the file declares nothing to refer to. */
  readonly reference: (pipeline: Pipeline) => string | undefined;
  /** Where the file places it: an address of its own may be written out too. */
  readonly placed: (target: Pipeline['target']) => unknown;
}

/** What is asked of a reference to a name on servers that others use too. */
export interface SharedName {
  /** As in the file. */
  readonly name: string;
  readonly field: string;
  /** The pipeline's name, with its namespace. */
  readonly pipeline: string;
  /** With the target's namespace in front. */
  shared(name: string): string;
}

/** `$(topics.X.name)`. */
export const calledOnServers = ({ name, shared }: SharedName): string => shared(name);

/** One top-level key of the file. `section()` makes it. */
export interface Section {
  readonly key: string;
  readonly spec: z.ZodType;
  /** References are replaced in it, or only those to names on servers; elsewhere `$(` is plain text. */
  readonly resolves: boolean | 'names';
  build(value: unknown, context: BuildContext): Partial<Pipeline>;
}

/** What a section is built with. */
export interface BuildContext {
  /** The pipeline's name. */
  readonly name: string;
  readonly target: TargetSection;
  /** What a thing of this name is called on servers that others use too: with the target's namespace in front. */
  shared(name: string): string;
  /** Absolute; relative paths of the file are below it. */
  readonly folder: string;
  readonly problems: Problem[];
  /** A thing called `name`, written at `path`. */
  located(name: string, ...path: string[]): Located;
  locate(...path: string[]): SourceLocation;
  /** The keys of the mapping at this path. */
  names(...path: string[]): readonly string[];
  /** One model for each entry of a mapping at the top level. */
  each<Value, Model>(
    section: string,
    of: Readonly<Record<string, Value>>,
    make: (value: Value, at: Located) => Model,
  ): Model[];
  /** The .sql files of a folder, in order; `written` is its path as the file has it. */
  sqlFiles(written: string, at: SourceLocation): readonly string[];
}

export function section<Spec extends z.ZodType>(
  key: string,
  spec: Spec,
  build: (value: z.output<Spec>, context: BuildContext) => Partial<Pipeline>,
  options: { readonly resolves?: Section['resolves'] } = {},
): Section {
  return {
    key,
    spec,
    resolves: options.resolves ?? false,
    build: (value, context) => build(value as z.output<Spec>, context),
  };
}
