//! The policy language: spanned text, valid policy, compiled evaluation, explanation.
