import type { SourceLocation } from '../support/errors.js';

/** What one face of the target yields: everything that `$(…)` can mean, by its full path: `databases.person.url`. */
export interface ReferenceValues {
  get(path: string): string | undefined;
  /** What the target yields, by path. */
  entries(): Iterable<readonly [path: string, value: string]>;
}

/**
 * The pipeline as everything beyond src/pipeline sees it: profiles merged, `${VAR}` replaced, defaults filled in, every
 * declared thing with its name and place. Values may still hold `$(…)` references (references.ts): they mean what the
 * target yields, to the component that reads them.
 *
 * What is declared (`topics`, `services`, …) belongs to the kinds: each adds its own part to this interface in its
 * section.ts, by declaration merging.
 */
export interface Pipeline {
  readonly name: string;
  /** Absolute path of the (first) pipeline file; `-` where it came from standard input. */
  readonly file: string;
  /** Absolute; relative paths of the file are below it, and services run there. */
  readonly folder: string;
  /** `.evpipe/<name>` below the folder. */
  readonly stateFolder: string;
  readonly target: TargetSection;
  /** The file with profiles merged and variables replaced, as plain values. It may hold passwords. */
  readonly document: unknown;
  /** The target's; undefined too where names are as the file has them (lint). */
  readonly namespace: string | undefined;
  /** What `$(topics.X.name)` and its like mean. */
  readonly names: ReferenceValues;
}

export interface Located {
  readonly name: string;
  readonly location: SourceLocation;
  /** The place of a key below this thing (`config`, `table.include.list`); the nearest one that exists. */
  locationOf(...path: string[]): SourceLocation;
}

/** One entry of `targets:`, or one of the three plain ones, which have a base and nothing else. The kinds add their keys. */
export interface TargetSection {
  readonly name: string;
  /** What supplies each component that isn't named here. */
  readonly base: 'embedded' | 'compose' | 'cluster';
  /** Stands in front of what things are called on servers that others use too. */
  readonly namespace?: string | undefined;
}
