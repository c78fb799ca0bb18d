//! For tests only: scripted client, fake server, case loader.
