import { downloadRealStack } from './download.js';

/** Before files run side by side: Maven does not expect a second one at work on the same local repository. */
export default async function setup(): Promise<void> {
  await downloadRealStack();
}
