// Prints what src/tools/listing.ts holds, for the bundles.
import { LISTING } from '../../src/tools/listing.ts';

process.stdout.write(JSON.stringify(LISTING));
