// Preloaded (`node --import`): finds packages in $BAILIWICK_TEST_TOOLS, so that no node_modules stands in the source tree.
import { registerHooks } from "node:module";
import { pathToFileURL } from "node:url";

const tools = process.env.BAILIWICK_TEST_TOOLS;
if (!tools) throw new Error("BAILIWICK_TEST_TOOLS is not set: run the tests with `cargo xtask test`");
const parent = pathToFileURL(`${tools}/${process.env.BAILIWICK_TEST_PACKAGES ?? "peers"}/package.json`).href;

registerHooks({
  resolve(specifier, context, next) {
    const bare = !/^([./]|node:|file:|data:)/.test(specifier);
    const ours = bare && !context.parentURL?.includes("/node_modules/");
    return next(specifier, ours ? { ...context, parentURL: parent } : context);
  },
});
