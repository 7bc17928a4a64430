const BLOCK = /<!-- evpipe graph -->\n```\n[\s\S]*?\n```\n/;

/**
 * A README with the diagram (as drawText makes it) in its marked block; where it has none yet, below its first
 * paragraph. `npm run docs` writes it for every pipeline and template, and a test holds what is committed against it.
 */
export function withDiagram(readme: string, diagram: string): string {
  const block = `<!-- evpipe graph -->\n\`\`\`\n${diagram.trimEnd()}\n\`\`\`\n`;
  if (BLOCK.test(readme)) return readme.replace(BLOCK, () => block);
  const [title = '', introduction = '', ...rest] = readme.split('\n\n');
  return [title, introduction, block.trimEnd(), ...rest].join('\n\n');
}
