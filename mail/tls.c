/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TLS for a mail server (stream.h), and the reads, writes and waits below the
 * lines, with and without it. Called by talk.c, stream.c, dial.c and pipe.c;
 * what is made here, exo_stream_close() frees.
 *
 * There is no way to switch a check off: a token that is sent to the wrong
 * server is a stolen mailbox. What OpenSSL complains of becomes one line; a
 * certificate is EXO_STATUS_MISCONFIGURED, as it stays wrong, everything else
 * TRANSIENT.
 */
#include "config.h"

#include "stream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "exoauth/clock.h"

int exo_stream_wait(int fd, short events, int64_t deadline)
{
    struct pollfd p = { fd, events, 0 };

    for (;;) {
        int64_t left = deadline - exo_clock_ms();
        int n = poll(&p, 1, left < 0 ? 0 : left > 600000 ? 600000 : (int)left);

        if (n > 0) {
            return 0;
        }
        if (n == 0 && exo_clock_ms() >= deadline) {
            return EXO_E_TIMEOUT;
        }
        if (n < 0 && errno != EINTR) {
            return EXO_E_IO;
        }
    }
}

static bool is_address(const char *host)
{
    struct in6_addr six;
    struct in_addr four;

    return inet_pton(AF_INET, host, &four) == 1 ||
           inet_pton(AF_INET6, host, &six) == 1;
}

static int broken(const struct exo_stream *s, const char *what,
                  struct exo_err *err)
{
    const char *why = ERR_reason_error_string(ERR_peek_error());

    return exo_err_set(err, EXO_STATUS_TRANSIENT,
                       "%s port %u: %s: %s; check the port and --tls", s->host,
                       s->port, what, why ? why : "internal error of OpenSSL");
}

static int trust(struct exo_stream *s, const char *pem, size_t len,
                 struct exo_err *err)
{
    X509_STORE *store = SSL_CTX_get_cert_store(s->ctx);
    BIO *bio = BIO_new_mem_buf(pem, (int)len);
    X509 *cert;
    int n = 0;

    while (bio && (cert = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
        n += X509_STORE_add_cert(store, cert);
        X509_free(cert);
    }
    BIO_free(bio);
    ERR_clear_error();
    if (n == 0) {
        return exo_err_set(err, EXO_STATUS_USAGE,
                           "no certificate in the file of --ca-file; give one "
                           "in PEM");
    }
    /* Who names a certificate trusts it, root or not. */
    (void)X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
    return 0;
}

static int make_context(struct exo_stream *s, const char *pem, size_t len,
                        struct exo_err *err)
{
    s->ctx = SSL_CTX_new(TLS_client_method());
    if (!s->ctx || !SSL_CTX_set_min_proto_version(s->ctx, TLS1_2_VERSION)) {
        return broken(s, "cannot begin TLS", err);
    }
    SSL_CTX_set_verify(s->ctx, SSL_VERIFY_PEER, NULL);
    (void)SSL_CTX_set_mode(s->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                       SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    (void)SSL_CTX_set_options(s->ctx,
                              SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    if (pem) {
        return trust(s, pem, len, err);
    }
    if (!SSL_CTX_set_default_verify_paths(s->ctx)) {
        return broken(s, "cannot read the system's certificates", err);
    }
    return 0;
}

static bool name_it(struct exo_stream *s)
{
    if (is_address(s->host)) {
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(s->ssl), s->host);
    }
    SSL_set_hostflags(s->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    /* What SSL_set_tlsext_host_name() is, which casts the const away. */
    return SSL_set1_host(s->ssl, s->host) &&
           SSL_ctrl(s->ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME,
                    TLSEXT_NAMETYPE_host_name, (void *)(uintptr_t)s->host) == 1;
}

static int bad_certificate(const struct exo_stream *s, long why,
                           struct exo_err *err)
{
    const char *remedy =
        "if the clock of this host is right, its operator must renew it";

    switch (why) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
        break;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        remedy = "use the name that stands in it";
        break;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        remedy = "if it is right, give who signed it with --ca-file FILE";
        break;
    default:
        remedy = "its operator must replace it";
        break;
    }
    return exo_err_set(err, EXO_STATUS_MISCONFIGURED,
                       "%s port %u: the certificate is refused: %s; %s",
                       s->host, s->port, X509_verify_cert_error_string(why),
                       remedy);
}

static int explain(const struct exo_stream *s, int ret, struct exo_err *err)
{
    int saved = errno;
    int what = SSL_get_error(s->ssl, ret);
    long verify = SSL_get_verify_result(s->ssl);
    unsigned long code = ERR_peek_error();

    if (verify != X509_V_OK) {
        return bad_certificate(s, verify, err);
    }
    if (what == SSL_ERROR_SSL &&
        ERR_GET_REASON(code) != SSL_R_UNEXPECTED_EOF_WHILE_READING) {
        return broken(s, "no TLS", err);
    }
    return exo_err_set(err, EXO_STATUS_TRANSIENT,
                       "%s port %u: the connection ended in the TLS "
                       "handshake%s%s; check the port and --tls",
                       s->host, s->port, saved && !code ? ": " : "",
                       saved && !code ? exo_errno_text(saved) : "");
}

static int shake_hands(struct exo_stream *s, int64_t deadline,
                       struct exo_err *err)
{
    for (;;) {
        int ret, what;

        ERR_clear_error();
        errno = 0;
        ret = SSL_connect(s->ssl);
        if (ret == 1) {
            return 0;
        }
        what = SSL_get_error(s->ssl, ret);
        if (what != SSL_ERROR_WANT_READ && what != SSL_ERROR_WANT_WRITE) {
            return explain(s, ret, err);
        }
        if (exo_stream_wait(s->fd,
                            what == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT,
                            deadline) != 0) {
            return exo_err_set(err, EXO_STATUS_TRANSIENT,
                               "%s port %u: the time for the TLS handshake is "
                               "over; check the port and --tls",
                               s->host, s->port);
        }
    }
}

int exo_stream_tls(struct exo_stream *s, const char *ca_pem, size_t ca_len,
                   int64_t deadline, struct exo_err *err)
{
    int rc;

    /* Whoever sits between us and the server could have put it there, to
     * have it taken for something said under TLS. */
    if (s->at != s->end) {
        return exo_err_set(err, EXO_STATUS_TRANSIENT,
                           "%s port %u: plaintext behind the answer to "
                           "STARTTLS, as of somebody in between; use another "
                           "network, or implicit TLS (--tls implicit)",
                           s->host, s->port);
    }
    rc = make_context(s, ca_pem, ca_len, err);
    if (rc != 0) {
        return rc;
    }
    s->ssl = SSL_new(s->ctx);
    if (!s->ssl || !name_it(s) || !SSL_set_fd(s->ssl, s->fd)) {
        return broken(s, "cannot begin TLS", err);
    }
    return shake_hands(s, deadline, err);
}

const char *exo_stream_version(const struct exo_stream *s)
{
    return SSL_get_version(s->ssl);
}

/* SSL_get_error() in the words of stream.h. */
static ssize_t outcome(struct exo_stream *s, int ret, short *events)
{
    int saved = errno;

    switch (SSL_get_error(s->ssl, ret)) {
    case SSL_ERROR_WANT_READ:
        *events = POLLIN;
        return EXO_STREAM_AGAIN;
    case SSL_ERROR_WANT_WRITE:
        *events = POLLOUT;
        return EXO_STREAM_AGAIN;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    case SSL_ERROR_SSL:
        /* Many servers leave without close_notify. The protocols above say
         * themselves where a message ends. */
        if (ERR_GET_REASON(ERR_peek_error()) ==
            SSL_R_UNEXPECTED_EOF_WHILE_READING) {
            return 0;
        }
        errno = EPROTO;
        return EXO_STREAM_FAILED;
    default:
        errno = saved != 0 ? saved : EPIPE;
        return EXO_STREAM_FAILED;
    }
}

static ssize_t plain(ssize_t n, short wanted, short *events)
{
    if (n >= 0) {
        return n;
    }
    if (errno == EAGAIN || errno == EINTR) {
        *events = wanted;
        return EXO_STREAM_AGAIN;
    }
    return EXO_STREAM_FAILED;
}

ssize_t exo_stream_get(struct exo_stream *s, void *data, size_t len,
                       short *events)
{
    size_t n = 0;
    int ret;

    if (!s->ssl) {
        return plain(recv(s->fd, data, len, 0), POLLIN, events);
    }
    ERR_clear_error();
    errno = 0;
    ret = SSL_read_ex(s->ssl, data, len, &n);
    return ret == 1 ? (ssize_t)n : outcome(s, ret, events);
}

ssize_t exo_stream_put(struct exo_stream *s, const void *data, size_t len,
                       short *events)
{
    size_t n = 0;
    int ret;

    if (!s->ssl) {
        return plain(send(s->fd, data, len, MSG_NOSIGNAL), POLLOUT, events);
    }
    ERR_clear_error();
    errno = 0;
    ret = SSL_write_ex(s->ssl, data, len, &n);
    return ret == 1 ? (ssize_t)n : outcome(s, ret, events);
}

void exo_stream_close(struct exo_stream *s)
{
    if (s->ssl && SSL_is_init_finished(s->ssl)) {
        ERR_clear_error();
        (void)SSL_shutdown(s->ssl);
    }
    SSL_free(s->ssl);
    SSL_CTX_free(s->ctx);
    s->ssl = NULL;
    s->ctx = NULL;
    ERR_clear_error();
    if (s->fd >= 0) {
        (void)close(s->fd);
    }
    s->fd = -1;
    explicit_bzero(s->in, sizeof(s->in));
    s->at = s->end = 0;
}
