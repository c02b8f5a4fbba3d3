# Through the grant, so that nobody uses a key before its agent may.
output "keys" {
  description = "Store to the full name of its key."
  value       = { for store, member in google_kms_crypto_key_iam_member.agent : store => member.crypto_key_id }
}
