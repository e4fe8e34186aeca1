// zod compiles a parser for every object schema at its first use. A supervisor parses most of its
// schemas once or twice, and the compiler is a tenth of the CPU of a short run. Schemas look at this
// when they are made, so it is imported before all of them.
import * as z from 'zod';

z.config({ jitless: true });
