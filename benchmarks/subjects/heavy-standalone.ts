// The standalone server as users start it, with a gigabyte in memory that it never gives back.
const resident = Buffer.alloc(2 ** 30, 1);
process.on('exit', () => resident.at(0));
await import('../../services/standalone/src/main.ts');
