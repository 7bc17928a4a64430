import { Document } from 'yaml';

/** A pipeline file as text, below a comment. Values are plain data of the file's own words. */
export function pipelineText(sections: Readonly<Record<string, unknown>>, comment: string): string {
  const document = new Document(sections);
  document.commentBefore = comment
    .split('\n')
    .map((line) => ` ${line}`)
    .join('\n');
  const text = document.toString({ lineWidth: 0 });
  // A blank line before each section, as people write them.
  return text.replace(/\n(?=[a-z]+:\n)/g, '\n\n');
}
