// Adds up the test runner's JSON reports and closes with `N passed, N failed`; skipped or missing tests are failures.
// What failed is told again here: the end is what is read of a long log.
import { readFileSync } from 'node:fs';

/** A test report's messages begin with the error; the stack behind it is in the log above. */
const firstLines = (message) => message.split('\n').slice(0, 12).join('\n    ');

let passed = 0;
let failed = 0;
for (const file of process.argv.slice(2)) {
  const report = JSON.parse(readFileSync(file, 'utf8'));
  const skipped = report.numPendingTests + report.numTodoTests;
  const brokenFiles = report.testResults.filter(
    (suite) => suite.status === 'failed' && suite.assertionResults.every((test) => test.status !== 'failed'),
  );
  if (skipped > 0) console.log(`${file}: ${skipped} tests were skipped; nothing may be skipped here`);
  for (const suite of brokenFiles) console.log(`${suite.name}: ${suite.message}`);
  for (const suite of report.testResults) {
    for (const test of suite.assertionResults.filter((one) => one.status === 'failed')) {
      console.log(`FAILED ${suite.name}\n  ${test.fullName}\n    ${firstLines(test.failureMessages.join('\n'))}`);
    }
  }
  passed += report.numPassedTests;
  failed += report.numFailedTests + skipped + brokenFiles.length;
}
if (passed === 0) failed += 1;
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
