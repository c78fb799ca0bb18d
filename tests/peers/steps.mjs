// The script that a client plays, shared by the TypeScript drivers: JSON on stdin, one JSON line per step on stdout.
// The form of both is described in README.md.

export async function readScript() {
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString("utf8"));
}

function print(line) {
  process.stdout.write(JSON.stringify(line) + "\n");
}

function failure(error) {
  return { code: error.code ?? null, message: String(error.message) };
}

async function cancelled(call, step) {
  const abort = new AbortController();
  await call(step, { signal: abort.signal, onprogress: () => abort.abort("the user changed their mind") }).then(
    () => { throw new Error("the call was answered although it was cancelled"); },
    (error) => { if (!abort.signal.aborted) throw error; },
  );
  return { cancelled: true };
}

async function progressed(call, step) {
  const progress = [];
  const result = await call(step, { onprogress: (p) => progress.push(p) });
  return { progress, result };
}

// `call` hides the one difference between the two SDKs: where callTool takes its options.
function operations(client, call) {
  return {
    list_tools: () => client.listTools(),
    list_resources: () => client.listResources(),
    list_resource_templates: () => client.listResourceTemplates(),
    list_prompts: () => client.listPrompts(),
    call_tool: (s) => call(s, {}),
    call_with_progress: (s) => progressed(call, s),
    cancel_call: (s) => cancelled(call, s),
    read_resource: (s) => client.readResource({ uri: s.uri }),
    get_prompt: (s) => client.getPrompt({ name: s.name, arguments: s.arguments }),
    complete: (s) => client.complete({ ref: s.ref, argument: s.argument }),
    ping: () => client.ping(),
    set_level: (s) => client.setLoggingLevel(s.level),
  };
}

export async function play(script, connect, call) {
  let client;
  try {
    client = await connect();
  } catch (error) {
    print({ step: "connect", error: failure(error) });
    process.exitCode = 1;
    return;
  }
  print({ step: "connect", ok: { version: client.negotiated, server: client.getServerVersion(),
    capabilities: client.getServerCapabilities(), instructions: client.getInstructions() } });
  const known = operations(client, (step, options) => call(client, { name: step.name, arguments: step.arguments }, options));
  for (const step of script.steps) {
    try {
      print({ step: step.do, ok: await known[step.do](step) });
    } catch (error) {
      print({ step: step.do, error: failure(error) });
    }
  }
  await client.close();
}
