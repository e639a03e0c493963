/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For the static program only. Debian's libmicrohttpd can speak TLS and so refers to GnuTLS, which
 * has no static library. hvstat never asks for TLS: of these only gnutls_global_init is called, at
 * the library's start. Should one of the others be called after all, it reports an error.
 */
#define FUNCTION(name, result)                                                                     \
	long name(void);                                                                           \
	long name(void)                                                                            \
	{                                                                                          \
		return result;                                                                     \
	}
#define REFUSES(name) FUNCTION(name, -1)

FUNCTION(gnutls_global_init, 0)
FUNCTION(gnutls_global_deinit, 0)
REFUSES(gnutls_alpn_set_protocols)
REFUSES(gnutls_bye)
REFUSES(gnutls_certificate_allocate_credentials)
REFUSES(gnutls_certificate_free_credentials)
REFUSES(gnutls_certificate_server_set_request)
REFUSES(gnutls_certificate_set_dh_params)
REFUSES(gnutls_certificate_set_retrieve_function2)
REFUSES(gnutls_certificate_set_retrieve_function3)
REFUSES(gnutls_certificate_set_x509_key_mem)
REFUSES(gnutls_certificate_set_x509_key_mem2)
REFUSES(gnutls_certificate_set_x509_trust_mem)
REFUSES(gnutls_cipher_get)
REFUSES(gnutls_credentials_set)
REFUSES(gnutls_deinit)
REFUSES(gnutls_dh_params_deinit)
REFUSES(gnutls_dh_params_import_pkcs3)
REFUSES(gnutls_dh_params_init)
REFUSES(gnutls_handshake)
REFUSES(gnutls_init)
REFUSES(gnutls_priority_deinit)
REFUSES(gnutls_priority_init)
REFUSES(gnutls_priority_set)
REFUSES(gnutls_protocol_get_version)
REFUSES(gnutls_psk_allocate_server_credentials)
REFUSES(gnutls_psk_free_server_credentials)
REFUSES(gnutls_psk_set_server_credentials_function)
REFUSES(gnutls_record_check_pending)
REFUSES(gnutls_record_get_direction)
REFUSES(gnutls_record_recv)
REFUSES(gnutls_record_send)
REFUSES(gnutls_session_set_ptr)
REFUSES(gnutls_transport_set_int2)

/* These return addresses: NULL. */
FUNCTION(gnutls_strerror, 0)
FUNCTION(gnutls_session_get_ptr, 0)

/* And this is a variable with a function's address. */
extern void *(*gnutls_malloc)(unsigned long);
void *(*gnutls_malloc)(unsigned long);
