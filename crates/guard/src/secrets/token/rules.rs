//! The services, as data. Sources: each service's own documentation of its token format.

use super::{Body, Length, Shape, TokenRule};

const fn varied(
    code: &'static str,
    prefixes: &'static [&'static str],
    body: Body,
    body_min: usize,
) -> TokenRule {
    TokenRule { code, prefixes, body, body_min, length: Length::AtLeast, shape: Shape::Varied }
}

const fn exact(
    code: &'static str,
    prefixes: &'static [&'static str],
    body: Body,
    body_min: usize,
) -> TokenRule {
    TokenRule { code, prefixes, body, body_min, length: Length::Exactly, shape: Shape::Varied }
}

pub(in crate::secrets) static RULES: &[TokenRule] = &[
    TokenRule {
        shape: Shape::Checksum,
        ..varied("github-token", &["ghp_", "gho_", "ghu_", "ghs_", "ghr_"], Body::Dotted, 36)
    },
    varied("github-token", &["github_pat_"], Body::Url, 22),
    varied(
        "gitlab-token",
        &["glpat-", "gldt-", "glrt-", "glcbt-", "glptt-", "glft-", "glsoat-", "glagent-"],
        Body::Dotted,
        20,
    ),
    varied(
        "slack-token",
        &["xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-", "xoxe-", "xoxc-", "xoxd-", "xapp-"],
        Body::Path,
        16,
    ),
    varied("slack-webhook", &["hooks.slack.com/services/", "hooks.slack.com/workflows/"], Body::Path, 30),
    exact("aws-access-key", &["AKIA", "ASIA", "ABIA", "ACCA"], Body::Upper, 16),
    varied("google-api-key", &["AIza"], Body::Url, 35),
    varied("google-oauth", &["ya29."], Body::Url, 30),
    varied("google-oauth", &["GOCSPX-"], Body::Url, 24),
    varied("stripe-key", &["sk_live_", "rk_live_", "sk_test_", "rk_test_", "whsec_"], Body::Alphanumeric, 16),
    varied("anthropic-key", &["sk-ant-"], Body::Url, 20),
    varied("openai-key", &["sk-proj-", "sk-svcacct-", "sk-admin-"], Body::Url, 20),
    varied("openrouter-key", &["sk-or-v1-"], Body::LowerHex, 32),
    // The oldest OpenAI form; other services copied the bare prefix.
    TokenRule { shape: Shape::Random, ..varied("openai-key", &["sk-"], Body::Alphanumeric, 16) },
    TokenRule { shape: Shape::Checksum, ..varied("npm-token", &["npm_"], Body::Alphanumeric, 36) },
    varied("pypi-token", &["pypi-"], Body::Url, 40),
    TokenRule {
        shape: Shape::Varied,
        ..varied("hugging-face-token", &["hf_", "api_org_"], Body::Alphanumeric, 30)
    },
    varied("sendgrid-key", &["SG."], Body::Dotted, 50),
    exact("mailgun-key", &["key-"], Body::LowerHex, 32),
    exact(
        "twilio-key",
        &[
            "SK0", "SK1", "SK2", "SK3", "SK4", "SK5", "SK6", "SK7", "SK8", "SK9", "SKa", "SKb", "SKc", "SKd",
            "SKe", "SKf",
        ],
        Body::LowerHex,
        31,
    ),
    exact("digitalocean-token", &["dop_v1_", "doo_v1_", "dor_v1_"], Body::LowerHex, 64),
    varied("databricks-token", &["dapi"], Body::LowerHex, 32),
    varied("vault-token", &["hvs.", "hvb.", "hvr."], Body::Url, 24),
    varied("age-key", &["AGE-SECRET-KEY-1"], Body::Upper, 58),
    varied("shopify-token", &["shpat_", "shpss_", "shpca_", "shppa_"], Body::LowerHex, 32),
    varied("linear-key", &["lin_api_"], Body::Alphanumeric, 32),
    varied("grafana-token", &["glsa_", "glc_"], Body::Url, 32),
    varied("groq-key", &["gsk_"], Body::Alphanumeric, 40),
    varied("xai-key", &["xai-"], Body::Alphanumeric, 60),
    varied("figma-token", &["figd_"], Body::Url, 32),
    varied("postman-key", &["PMAK-"], Body::Url, 40),
    varied("doppler-token", &["dp.pt.", "dp.st."], Body::Dotted, 40),
    varied("sentry-token", &["sntrys_", "sntryu_"], Body::Url, 40),
    varied("newrelic-key", &["NRAK-"], Body::Upper, 27),
    TokenRule { shape: Shape::Jwt, ..varied("jwt", &["eyJ"], Body::Dotted, 24) },
];

#[cfg(test)]
mod tests {
    use super::RULES;

    #[test]
    fn every_code_is_documented_and_fits_a_placeholder() {
        let docs = include_str!("../../../../../docs/reference/guards.md");
        for rule in RULES {
            assert!(docs.contains(&format!("`{}`", rule.code)), "{}", rule.code);
            let placeholder = format!("[redacted:{}]", rule.code);
            assert!(crate::secrets::is_redacted(&placeholder), "{placeholder}");
        }
    }
}
