// Whoever owns what a server protects, as the suite plays it: consents at once to whatever is asked, and hands the code over.
// `through`: a gateway stands at another address than the server's metadata names. That is what the owner says is meant.
export class Owner {
  #kept = {};
  #known;
  // Who it is to each authorization server: what one gave, no other is told.
  #clients = new Map();
  redirectUrl = "http://localhost:3000/callback";
  clientMetadataUrl = "https://conformance-test.local/client-metadata.json";
  constructor(context, through) {
    if (context.client_id) this.#known = { client_id: context.client_id, client_secret: context.client_secret };
    if (through) this.validateResourceURL = async (_, resource) => (resource ? new URL(resource) : undefined);
  }
  get clientMetadata() {
    return { client_name: "conformance", redirect_uris: [this.redirectUrl], grant_types: ["authorization_code", "refresh_token"], response_types: ["code"] };
  }
  clientInformation(at) { return this.#clients.get(at?.issuer) ?? this.#known; }
  saveClientInformation(client, at) { this.#clients.set(at?.issuer, client); }
  tokens() { return this.#kept.tokens; }
  saveTokens(tokens) { this.#kept.tokens = tokens; }
  saveCodeVerifier(verifier) { this.#kept.verifier = verifier; }
  codeVerifier() { return this.#kept.verifier; }
  invalidateCredentials(scope) {
    if (scope === "all" || scope === "client") this.#clients.clear();
    for (const key of scope === "all" ? Object.keys(this.#kept) : [scope]) delete this.#kept[key];
  }
  async redirectToAuthorization(url) {
    const answer = await fetch(url, { redirect: "manual" });
    this.came = new URL(answer.headers.get("location")).searchParams;
  }
}
