process.stdout.write('evpipe\n');
