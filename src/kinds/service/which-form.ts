import { text } from '../../pipeline/spec-words.js';

/** Of seeds, logins and smoke requests that send a form. */
export const whichForm = text
  .optional()
  .describe('Which form of the page, by its id, name or action, where several have the fields');
