// Two modes that share nearly everything. Each loads what it needs and no more.
await import(process.argv[2] === 'sidecar' ? './sidecar-mode.ts' : './local-mode.ts');
