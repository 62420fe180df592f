#!/usr/bin/env bash
# kafka.sh DIR PORT BROKERS PROTOCOL CACHE ADVERTISED: Apache Kafka (KRaft, each
# node broker and controller) on 127.0.0.1, from its jars. PROTOCOL is PLAINTEXT or
# SASL_SSL (SCRAM-SHA-512). Clients are told to come to ADVERTISED and the ports
# after it; where that is not PORT, whoever started it leads them from there to PORT
# and those after. Run again it starts only what is not running. up.sh calls it.
set -euo pipefail
cd "$(dirname "$0")"
source ./lib.sh
dir=$1 port=$2 brokers=$3 protocol=$4 cache=$5 advertised=$6

need java 'install a JDK, 17 or later'
version=$(sed -n 's|.*<version>\(4[0-9.]*\)</version>.*|\1|p' pom.xml | head -n1)
lib=$cache/kafka-$version
fetch() {
	[ ! -e "$lib/complete" ] || return 0
	need mvn 'install Maven'
	say "fetching Apache Kafka $version (54 MB, once)"
	mkdir -p "$lib"
	mvn -q -B -f pom.xml "-Dmaven.repo.local=$cache/m2" dependency:copy-dependencies -DincludeScope=runtime "-DoutputDirectory=$lib" \
		>"$cache/kafka.log" 2>&1 || fail 'Maven could not fetch Apache Kafka' "$cache/kafka.log"
	touch "$lib/complete"
}
mkdir -p "$cache" "$dir"
(flock 9 && fetch) 9>"$cache/kafka.lock"

java=(java -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -Dorg.slf4j.simpleLogger.showDateTime=true -cp "$lib/*")
storage() { "${java[@]:0:1}" -Xmx256m "${java[@]:1}" kafka.tools.StorageTool "$@"; }
[ -s "$dir/cluster" ] || storage random-uuid >"$dir/cluster" 2>"$dir/log" || fail 'Kafka could not make a cluster id' "$dir/log"

format=(format -t "$(cat "$dir/cluster")")
if [ "$protocol" = SASL_SSL ]; then
	certificates "$dir"
	[ -s "$dir/password" ] || (umask 077 && od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >"$dir/password")
	format+=(--add-scram "SCRAM-SHA-512=[name=comptoir,password=$(cat "$dir/password")]")
fi

replicas=$((brokers < 3 ? brokers : 3)) voters='' servers=''
for i in $(seq "$brokers"); do
	voters+=${voters:+,}$i@127.0.0.1:$((port + 99 + i))
	servers+=${servers:+,}127.0.0.1:$((port + i - 1))
done

properties() { # properties NODE: what its server.properties says
	local own=$((port + $1 - 1)) told=$((advertised + $1 - 1)) between=$((port + 49 + $1))
	cat <<-END
		process.roles=broker,controller
		node.id=$1
		controller.quorum.voters=$voters
		controller.listener.names=CONTROLLER
		listeners=$protocol://127.0.0.1:$own,BROKERS://127.0.0.1:$between,CONTROLLER://127.0.0.1:$((port + 99 + $1))
		advertised.listeners=$protocol://127.0.0.1:$told,BROKERS://127.0.0.1:$between
		listener.security.protocol.map=CONTROLLER:PLAINTEXT,BROKERS:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL
		inter.broker.listener.name=BROKERS
		log.dirs=$dir/$1/data
		num.partitions=8
		default.replication.factor=$replicas
		min.insync.replicas=$((replicas > 1 ? 2 : 1))
		offsets.topic.num.partitions=8
		offsets.topic.replication.factor=$replicas
		transaction.state.log.num.partitions=4
		transaction.state.log.replication.factor=$replicas
		transaction.state.log.min.isr=$((replicas > 1 ? 2 : 1))
		group.initial.rebalance.delay.ms=0
		auto.create.topics.enable=false
	END
	[ "$protocol" = SASL_SSL ] || return 0
	cat <<-END
		sasl.enabled.mechanisms=SCRAM-SHA-512
		listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="comptoir" password="$(cat "$dir/password")";
		ssl.keystore.type=PEM
		ssl.keystore.location=$dir/server.pem
		ssl.truststore.type=PEM
		ssl.truststore.location=$dir/ca.pem
	END
}

node() { # node NUMBER: starts it where it is not running
	local home=$dir/$1
	! ours "$home/pid" "$home/server.properties" || return 0
	mkdir -p "$home"
	free $((port + $1 - 1))
	free $((port + 49 + $1))
	free $((port + 99 + $1))
	(umask 077 && properties "$1" >"$home/server.properties")
	[ -e "$home/data/meta.properties" ] || storage "${format[@]}" -c "$home/server.properties" >"$home/log" 2>&1 ||
		fail 'Kafka could not lay out its data' "$home/log"
	setsid "${java[@]:0:1}" -Xmx512m -XX:+ExitOnOutOfMemoryError "${java[@]:1}" kafka.Kafka "$home/server.properties" >>"$home/log" 2>&1 </dev/null &
	echo $! >"$home/pid"
}

ready() { # a client's port opens once the broker belongs to the cluster
	local i
	for i in $(seq "$brokers"); do
		ours "$dir/$i/pid" "$dir/$i/server.properties" || fail "Kafka's node $i ended" "$dir/$i/log"
		listens $((port + i - 1)) || return 1
	done
}

for i in $(seq "$brokers"); do node "$i"; done
sleep 0.2
for _ in $(seq 240); do
	if ready; then
		echo "KAFKA_BOOTSTRAP_SERVERS=$servers"
		if [ "$protocol" = SASL_SSL ]; then
			echo "KAFKA_SECURITY_PROTOCOL=SASL_SSL"
			echo "KAFKA_SASL_MECHANISM=SCRAM-SHA-512"
			echo "KAFKA_SASL_USERNAME=comptoir"
			echo "KAFKA_SASL_PASSWORD=$(cat "$dir/password")"
			echo "KAFKA_TLS_CA_FILE=$dir/ca.pem"
		fi
		exit 0
	fi
	sleep 0.5
done
fail 'Kafka was not ready within two minutes' "$dir/1/log"
