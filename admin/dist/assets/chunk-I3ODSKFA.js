var e=["7d","30d","all"],n=["EXPIRED","EXPIRING","WATCH","DEAD","NEGATIVE"],r=["standard","silver","gold"];export{e as a,n as b,r as c};
