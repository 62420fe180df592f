# The `comptoir` command and nothing else: no shell, no user but one without rights.
#
#   docker build -t comptoir .     compiles in Go's image
#   make image                     takes what this machine's Go built; it fetches no image
ARG GO_IMAGE=golang:1.26

FROM ${GO_IMAGE} AS compile
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=unknown
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X comptoir/local/cli.version=${VERSION}" -o /out/comptoir ./local/cmd/comptoir \
	&& mkdir /out/data && cp /etc/ssl/certs/ca-certificates.crt /out/

FROM scratch
COPY --from=compile /out/ca-certificates.crt /etc/ssl/certs/
COPY --from=compile /out/comptoir /comptoir
COPY --from=compile --chown=65532:65532 /out/data /var/lib/comptoir
# The data directory is /var/lib/comptoir.
ENV XDG_DATA_HOME=/var/lib
VOLUME /var/lib/comptoir
USER 65532:65532
ENTRYPOINT ["/comptoir"]
CMD ["run"]
