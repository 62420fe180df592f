package deploy

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// oneOrMany is a string or a list of them, as policies write actions.
type oneOrMany []string

func (o *oneOrMany) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*o = oneOrMany{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(o))
}

type statement struct {
	Effect    string
	Action    oneOrMany
	Resource  value
	Condition value
}

type policy struct {
	PolicyDocument struct{ Statement []statement }
}

func TestRolesMayWhatTheirFunctionsNeedAndNoMore(t *testing.T) {
	tpl := readTemplate(t)
	needsStar := []string{"ec2:", "xray:"} // these services know no narrower resource
	allowed := map[string][]string{}
	for name, r := range tpl.Resources {
		var policies []policy
		switch r.Type {
		case "AWS::IAM::Role":
			policies = properties[struct{ Policies []policy }](t, tpl, name, r.Type).Policies
		case "AWS::IAM::ManagedPolicy":
			policies = []policy{properties[policy](t, tpl, name, r.Type)}
		default:
			continue
		}
		for _, p := range policies {
			for _, s := range p.PolicyDocument.Statement {
				if s.Effect != "Allow" {
					continue
				}
				for _, action := range s.Action {
					allowed[name] = append(allowed[name], action)
					if strings.Contains(action, "*") {
						t.Errorf("%s may %s: name what it needs", name, action)
					}
					if s.Resource == `"*"` && !slices.ContainsFunc(needsStar, func(prefix string) bool { return strings.HasPrefix(action, prefix) }) {
						t.Errorf("%s may %s on everything", name, action)
					}
				}
			}
		}
	}
	if got := allowed["PlainRole"]; !slices.Equal(got, []string{"logs:CreateLogStream", "logs:PutLogEvents"}) {
		t.Errorf("the role of query and review may %v: they write their logs and nothing else", got)
	}
	for name, f := range lambdaFunctions(t, tpl) {
		role := "ConsumerRole"
		if !isConsumer(name) {
			role = "PlainRole"
		}
		// A function without a role of ours is given one by SAM that may far more.
		if f.Role != value(`{"Fn::GetAtt":["`+role+`","Arn"]}`) {
			t.Errorf("%s runs as %s, not as %s", name, f.Role, role)
		}
		log := f.id + "Log"
		if !strings.Contains(raw(tpl, role), `{"Fn::GetAtt":["`+log+`","Arn"]}`) {
			t.Errorf("%s may not write %s", role, log)
		}
		if f.LoggingConfig["LogGroup"] != ref(log) || properties[map[string]value](t, tpl, log, "AWS::Logs::LogGroup")["RetentionInDays"] != ref("LogRetentionDays") {
			t.Errorf("%s logs to %s, which is not kept for LogRetentionDays", name, f.LoggingConfig["LogGroup"])
		}
	}
}

func TestTheAPIAsksForATokenOnEveryRoute(t *testing.T) {
	tpl := readTemplate(t)
	api := properties[struct {
		Auth struct {
			DefaultAuthorizer string
			Authorizers       map[string]struct {
				IdentitySource   string
				JwtConfiguration map[string]value
			}
		}
		CorsConfiguration map[string]value
	}](t, tpl, "Api", "AWS::Serverless::HttpApi")
	token := api.Auth.Authorizers[api.Auth.DefaultAuthorizer]
	if token.IdentitySource != "$request.header.Authorization" || token.JwtConfiguration["issuer"] != ref("JwtIssuer") ||
		token.JwtConfiguration["audience"] != `{"Fn::Split":[",",{"Ref":"JwtAudience"}]}` {
		t.Errorf("the API's authorizer is %+v", token)
	}
	if api.CorsConfiguration["AllowOrigins"] != `{"Fn::Split":[",",{"Ref":"PageOrigins"}]}` || strings.Contains(string(api.CorsConfiguration["AllowOrigins"]), "*") {
		t.Errorf("pages of %s may read the API", api.CorsConfiguration["AllowOrigins"])
	}
	routes := 0
	for name, f := range lambdaFunctions(t, tpl) {
		for _, e := range f.Events {
			if e.Type != "HttpApi" && e.Type != "Api" {
				continue
			}
			routes++
			if name != "query" || e.Properties["ApiId"] != ref("Api") || e.Properties["Auth"] != "" || e.Properties["Method"] != `"GET"` {
				t.Errorf("%s answers a route: %v", name, e.Properties)
			}
		}
	}
	if routes != 1 {
		t.Errorf("the API has %d routes, not 1", routes)
	}
}

func TestThePageIsPrivateToItsDistributionAndSaysWhatABrowserMay(t *testing.T) {
	tpl := readTemplate(t)
	bucket := raw(tpl, "PageBucket")
	for _, want := range []string{`"BlockPublicAcls":true`, `"BlockPublicPolicy":true`, `"IgnorePublicAcls":true`, `"RestrictPublicBuckets":true`, `"BucketOwnerEnforced"`} {
		if !strings.Contains(bucket, want) {
			t.Errorf("the page's bucket lacks %s", want)
		}
	}
	if strings.Contains(bucket, "WebsiteConfiguration") || strings.Contains(bucket, "AccessControl\"") {
		t.Error("the page's bucket is served by itself")
	}
	if policy := raw(tpl, "PageBucketPolicy"); strings.Count(policy, `"Allow"`) != 1 || !strings.Contains(policy, `:distribution/${Page}`) || !strings.Contains(policy, `"aws:SecureTransport":"false"`) {
		t.Errorf("the page's bucket may be read by others than its distribution: %s", policy)
	}
	distribution := raw(tpl, "Page")
	for _, want := range []string{`"OriginAccessControlId":{"Ref":"PageAccess"}`, `"OriginProtocolPolicy":"https-only"`} {
		if !strings.Contains(distribution, want) {
			t.Errorf("the page's distribution lacks %s", want)
		}
	}
	if behaviours, headers := strings.Count(distribution, `"TargetOriginId"`), strings.Count(distribution, `"ResponseHeadersPolicyId":{"Ref":"PageHeaders"}`); behaviours != 2 || headers != 2 {
		t.Errorf("%d of %d behaviours of the page's distribution send its headers", headers, behaviours)
	}
	headers := raw(tpl, "PageHeaders")
	for _, want := range []string{"default-src 'none'", "script-src 'self' 'sha256-", "frame-ancestors 'none'", "base-uri 'none'", "StrictTransportSecurity", "ContentTypeOptions", "ReferrerPolicy", "FrameOptions"} {
		if !strings.Contains(headers, want) {
			t.Errorf("the page is sent without %s", want)
		}
	}
	for _, loose := range []string{"unsafe-", "*", "http:", "blob:"} {
		if strings.Contains(headers, loose) {
			t.Errorf("the page's headers allow %s", loose)
		}
	}
}

func TestAlarmsWatchEveryFunction(t *testing.T) {
	tpl := readTemplate(t)
	behind, errors := raw(tpl, "BehindAlarm"), raw(tpl, "ErrorsAlarm")
	const alarm = "AWS::CloudWatch::Alarm"
	for name, f := range lambdaFunctions(t, tpl) {
		if !strings.Contains(errors, string(ref(f.id))) || !strings.Contains(errors, `"MetricName":"Errors"`) {
			t.Errorf("no alarm rings where %s fails", name)
		}
		if !isConsumer(name) {
			continue
		}
		if !strings.Contains(behind, string(ref(f.id))) || !strings.Contains(behind, `"MetricName":"OffsetLag"`) {
			t.Errorf("no alarm rings where %s is behind", name)
		}
		filter := properties[struct {
			LogGroupName          value
			MetricTransformations []map[string]value
		}](t, tpl, f.id+"DeadLetters", "AWS::Logs::MetricFilter")
		counted := properties[map[string]value](t, tpl, "DeadLettersAlarm", alarm)["MetricName"]
		if filter.LogGroupName != ref(f.id+"Log") || filter.MetricTransformations[0]["MetricName"] != counted {
			t.Errorf("no alarm rings where %s keeps records aside", name)
		}
	}
	for _, name := range []string{"BehindAlarm", "ErrorsAlarm", "DeadLettersAlarm"} {
		if a := properties[map[string]value](t, tpl, name, alarm)["AlarmActions"]; a != `{"Fn::If":["HasAlarmTopic",[{"Ref":"AlarmTopicArn"}],{"Ref":"AWS::NoValue"}]}` {
			t.Errorf("%s tells nobody: %s", name, a)
		}
	}
}
